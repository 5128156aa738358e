from lib.clients import client
