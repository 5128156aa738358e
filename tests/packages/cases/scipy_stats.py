# /// script
# dependencies = ["scipy"]
# ///
import scipy


def GET():
    return {"value": round(float(scipy.stats.norm.cdf(0)), 3)}
