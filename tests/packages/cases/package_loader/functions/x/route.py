from jinja2 import Environment, PackageLoader


def GET():
    return Environment(loader=PackageLoader("lib.mails", "templates")).get_template("hi.txt").render(name="Ada")
