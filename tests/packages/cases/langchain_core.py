# /// script
# dependencies = ["langchain-core"]
# ///
from langchain_core.prompts import ChatPromptTemplate


def GET():
    return ChatPromptTemplate.from_template("hi {name}").format(name="Ada")
