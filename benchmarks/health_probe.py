"""Asks for health every 20 ms until its standard input ends, then prints the seconds that each answer took."""

import http.client
import select
import sys
import time
from urllib.parse import urlsplit


def main(url: str) -> None:
    connection = http.client.HTTPConnection(urlsplit(url).netloc)
    times = []
    while not select.select([sys.stdin], [], [], 0.02)[0]:
        began = time.perf_counter()
        connection.request("GET", "/api/v1/health")
        connection.getresponse().read()
        times.append(time.perf_counter() - began)
    print(*times, sep="\n")


if __name__ == "__main__":
    main(sys.argv[1])
