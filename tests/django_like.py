"""A program that runs tests as django's tests/runtests.py does."""

# Like django's own: labels are modules, a runner of unittest runs one flat suite, and failures end with status 1.
RUNTESTS = b"""
import argparse, sys, unittest

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("labels", nargs="*")
    parser.add_argument("--verbosity", type=int, default=1)
    given = parser.parse_args()
    import tiny
    suite = unittest.TestSuite()
    for label in given.labels:
        suite.addTests(unittest.defaultTestLoader.loadTestsFromName(label))
    result = unittest.TextTestRunner(verbosity=given.verbosity, resultclass=None).run(suite)
    if result.failures or result.errors or result.unexpectedSuccesses:
        sys.exit(1)
"""
