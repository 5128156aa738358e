# /// script
# dependencies = ["plotly"]
# ///
import plotly.graph_objects as go


def GET():
    return go.Figure(go.Bar(y=[1, 2])).to_dict()["data"][0]["type"]
