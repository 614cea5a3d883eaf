"""Is the provider of Forebay for Airflow: each class is imported from its own file, as Airflow's own are.

Nothing is imported here, since Airflow reads `provider_info.py` while it starts.
"""

__version__ = "0.1.0"
