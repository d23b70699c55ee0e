"""What Flower is started with (`celery -A shared.monitor flower`): the queue and nothing else.

With the queue's own settings Flower counts the messages of every priority, and it needs neither
the worker's code nor its packages.
"""

from shared.queue import make_celery
from shared.settings import get_settings

app = make_celery(get_settings())
