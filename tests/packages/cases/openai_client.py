# /// script
# dependencies = ["openai"]
# ///
import openai


def GET():
    client = openai.OpenAI(api_key="x")
    return [type(client.chat.completions).__name__, type(client.responses).__name__]
