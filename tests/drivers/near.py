"""near.py TOLERANCE A B: the numbers of two rows, as far as both have them, differ by no more than that, relative to 1."""
import sys

tolerance = float(sys.argv[1])
a, b = (row.split() for row in sys.argv[2:4])
pairs = [(float(x), float(y)) for x, y in zip(a, b) if x not in "-" and y not in "-"]
assert len(pairs) > 5, (a, b)
far = [pair for pair in pairs if not abs(pair[0] - pair[1]) <= tolerance * max(1, abs(pair[0]))]
assert not far, far
