def GET():
    import pandas, pyarrow, openpyxl, psycopg, cryptography, lxml
    return 1
