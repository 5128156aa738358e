import http_client

client = http_client
