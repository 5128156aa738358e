from piccolo.engine.sqlite import SQLiteEngine

DB = SQLiteEngine("/tmp/x.sqlite")
