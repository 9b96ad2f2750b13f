import gc


def pytest_collection_finish(session):
    """What was imported and collected stays to the end, so the collector need not look at it.

    It would do so hundreds of times, which is a tenth of the time of the everyday tests.
    """
    gc.collect()
    gc.freeze()
