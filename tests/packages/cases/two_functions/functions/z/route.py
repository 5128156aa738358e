def GET():
    import pandas, openpyxl, psycopg, cryptography, lxml
    return 1
