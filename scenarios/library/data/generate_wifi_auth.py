#!/usr/bin/env python3
"""Writes wifi_auth.csv: 24,000 made-up wireless-LAN authentications of one morning.

The shape is that of a FreeRADIUS radpostauth table: 20 a second from 08:55:00, ten times as many in
the minute from 09:00:00 when classes begin, 20 a second again until 09:06:00. People are invented
numbers, servers have documentation addresses (RFC 5737). The same file comes out every time: the
only source of chance is the small generator below, not the version of Python's library.

    python3 generate_wifi_auth.py > wifi_auth.csv
"""
import sys
from datetime import datetime, timedelta

START = datetime(2019, 5, 3, 8, 55, 0)
FIRST_ID = 48120001
STUDENTS = 9000
STAFF = 900
SERVERS = ["192.0.2.63", "192.0.2.64", "198.51.100.63"]


class SplitMix64:
    """Steele, Lea and Flood (2014): tiny, and the same everywhere."""

    MASK = (1 << 64) - 1

    def __init__(self, seed):
        self.state = seed

    def next(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & self.MASK
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & self.MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & self.MASK
        return z ^ (z >> 31)

    def below(self, n):
        return self.next() * n >> 64


def rate_at(second):
    """Authentications in this second since the start."""
    return 200 if 300 <= second < 360 else 20


def username(chance):
    if chance.below(10) == 0:
        return "t%05d" % (30000 + chance.below(STAFF))  # staff
    year = 13 + chance.below(7)
    return "%02d%04d" % (year, 1000 + chance.below(STUDENTS))  # students, by year of entry


def rows(chance):
    row_id = FIRST_ID
    for second in range(11 * 60):
        when = (START + timedelta(seconds=second)).strftime("%Y-%m-%d %H:%M:%S")
        for _ in range(rate_at(second)):
            reply = "Access-Reject" if chance.below(25) == 0 else "Access-Accept"
            # The home server of an account; some roam.
            name = username(chance)
            server = SERVERS[sum(map(ord, name)) % 2 if chance.below(20) else 2]
            yield row_id, name, "Chap-Password", reply, when, server
            row_id += 1 + (chance.below(50) == 0)  # Rows of other hotspots leave gaps.


def main():
    out = sys.stdout
    out.write("id,username,pass,reply,authdate,server\n")
    for row in rows(SplitMix64(20190503)):
        out.write("%d,%s,%s,%s,%s,%s\n" % row)


if __name__ == "__main__":
    main()
