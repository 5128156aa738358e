def GET():
    return "<rss/>"
