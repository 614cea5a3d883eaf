"""Lists what columns of Stripe's tables usually are, by their names: for queries whose schema nobody has fetched.

What follows from these is a warning, and never an error. A name is here if it means the same in each table that has it.
"""

from collections.abc import Mapping
from dataclasses import replace

from forebay.scheduler.sql.trino.value_types import ValueType, named

_NAMES = {
    "timestamp": """
        created available_on captured_at canceled_at current_period_start current_period_end period_start period_end
        trial_start trial_end ended_at start_date due_date effective_at
        """,
    "boolean": "paid refunded captured livemode delinquent attempted proration disputed is_charge_refundable",
    "bigint": """
        amount amount_refunded amount_due amount_paid amount_remaining amount_received fee net quantity subtotal total
        unit_amount attempt_count
        """,
    "varchar": """
        id currency status customer_id charge_id invoice_id subscription_id payment_intent_id balance_transaction_id
        source_id description type email reporting_category statement_descriptor failure_code card_brand card_country
        """,
}
USUAL_COLUMNS: Mapping[str, ValueType] = {
    column: replace(named(kind), sure=False) for kind, columns in _NAMES.items() for column in columns.split()
}
