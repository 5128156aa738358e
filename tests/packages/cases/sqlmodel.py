# /// script
# dependencies = ["sqlmodel"]
# ///
from sqlmodel import Field, Session, SQLModel, create_engine, select


class Hero(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    name: str


def GET():
    engine = create_engine("sqlite://")
    SQLModel.metadata.create_all(engine)
    with Session(engine) as session:
        session.add(Hero(name="Ada"))
        session.commit()
        return [hero.name for hero in session.exec(select(Hero))]
