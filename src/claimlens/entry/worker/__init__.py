"""The worker: deliveries, bulk jobs, upkeep. It runs inside the server or by itself, any number of times."""
