# /// script
# dependencies = ["xmlschema"]
# ///
import xmlschema

SCHEMA = '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:element name="a" type="xs:int"/></xs:schema>'


def GET():
    return [xmlschema.XMLSchema(SCHEMA).is_valid(f"<a>{value}</a>") for value in ("1", "x")]
