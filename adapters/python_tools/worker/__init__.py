"""What runs under the tools' interpreter: of the standard library and pydantic alone, for Python 3.9 and newer.

It is started as a program (`__main__.py`), and is a package of its own there: nothing of the server can be imported.
"""
