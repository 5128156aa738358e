# /// script
# dependencies = ["langchain", "langchain-openai"]
# ///
from langchain.chat_models import init_chat_model


def GET():
    return type(init_chat_model("openai:gpt-4o-mini", api_key="x")).__name__
