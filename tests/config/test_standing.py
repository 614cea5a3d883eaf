from forebay.config.standing import DEFAULT_STANDING, UNCHANGED, FlowClass, Standing, StandingChange

SERVED = Standing(flow_class=FlowClass.BACKFILL, weight=2.5, ceiling=7)


def test_a_change_touches_what_it_names_and_nothing_else() -> None:
    assert StandingChange(weight=4).applied_to(SERVED) == Standing(flow_class=FlowClass.BACKFILL, weight=4, ceiling=7)
    assert UNCHANGED.applied_to(SERVED) == SERVED


def test_no_ceiling_is_said_by_zero_and_is_not_silence() -> None:
    assert StandingChange(ceiling=0).applied_to(SERVED).ceiling == 0


def test_a_change_of_everything_leaves_nothing_of_what_was() -> None:
    everything = StandingChange(flow_class=FlowClass.SCHEDULED, weight=1.0, ceiling=0)
    assert everything.applied_to(SERVED) == DEFAULT_STANDING
