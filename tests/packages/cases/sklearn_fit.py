# /// script
# dependencies = ["scikit-learn"]
# ///
from sklearn.linear_model import LinearRegression


def GET():
    return {"value": round(float(LinearRegression().fit([[1], [2]], [2, 4]).predict([[3]])[0]), 3)}
