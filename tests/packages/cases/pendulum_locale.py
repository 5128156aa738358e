# /// script
# dependencies = ["pendulum"]
# ///
import pendulum


def GET():
    return pendulum.datetime(2020, 12, 1).format("MMMM", locale="de")
