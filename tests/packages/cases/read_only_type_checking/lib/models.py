import pydantic


class Person(pydantic.BaseModel):
    email: pydantic.EmailStr
