"""Lists the requests of the API that change something: batches are submitted, links are signed, acts are done."""

from __future__ import annotations

from typing import Any, cast

from forebay.config.document.web_access import Role
from forebay.web.acts.act import ActKind
from forebay.web.acts.act_forms import read_act, read_doer
from forebay.web.api.answers.batch_answers import LinksAnswer, SubmittedAnswer
from forebay.web.api.answers.deployment_answers import OutlookAnswer, WholeDeedAnswer
from forebay.web.api.operations.api_operation import ApiOperation, ApiRequest, Services
from forebay.web.api.operations.body_forms import (
    ActForm,
    BackfillForm,
    ChangeForm,
    DefinitionForm,
    LimitsForm,
    LinksForm,
    QueriesForm,
    RetryForm,
)
from forebay.web.api.query_strings import run_index
from forebay.web.api.readings import Facts
from forebay.web.api.work import WantedBatch

#: What stands as the reason of an act of which nobody gave one.
NO_REASON = "by the API"


def _submit(services: Services, asked: ApiRequest) -> Facts:
    form = cast(QueriesForm | DefinitionForm, asked.form)
    given = form.model_dump(exclude={"queries"}, exclude_none=True)
    queries = form.queries if isinstance(form, QueriesForm) else ()
    rows = tuple(query.model_dump(exclude_none=True) for query in queries)
    return services.work.submit(WantedBatch(queries=rows, **given), asked.who)


def _links(services: Services, asked: ApiRequest) -> Facts:
    form, where = cast(LinksForm, asked.form), asked.path
    return services.work.links(where["batch"], where["lane"], run_index(where["index"]), form.expires_s)


def _act(path: str, kind: ActKind, name: str, summary: str, form: type[ActForm] = ActForm) -> ApiOperation:
    """Makes the operation of an act, which answers with its record; or with what it would come to, for a dry run."""

    def do(services: Services, asked: ApiRequest) -> Facts:
        (target,) = asked.path.values()
        assert isinstance(asked.form, ActForm)  # noqa: S101 - it was read as one
        act = read_act(kind, target, _said(asked.form), asked.who)
        if asked.form.dry_run:
            outlook = services.acts.outlook(act)
            return {
                "title": outlook.title,
                "runs": outlook.runs,
                "sentences": list(outlook.sentences),
                "nothing": outlook.nothing,
            }
        doer = read_doer({"why": asked.form.why or NO_REASON}, asked.who)
        return services.watched.deed(services.acts.carry_out(act, doer))

    return ApiOperation(
        method="POST",
        path=path,
        name=name,
        summary=summary,
        do=do,
        answers=(WholeDeedAnswer, OutlookAnswer),
        forms=(form,),
        role=kind.role,
    )


def _said(form: ActForm) -> dict[str, str]:
    """Gives the fields of an act as a form of the page has them."""
    given: dict[str, Any] = form.model_dump(by_alias=True, exclude_none=True, exclude={"dry_run", "why"})
    return {name: f"{value:g}" if isinstance(value, float) else str(value) for name, value in given.items()}


WRITING = (
    ApiOperation(
        method="POST",
        path="/batches",
        name="submit",
        summary="Makes queries, or a definition of the spec, a batch; with a key, or of a window, once",
        do=_submit,
        answers=(SubmittedAnswer,),
        forms=(QueriesForm, DefinitionForm),
        role=Role.OPERATOR,
        statuses=(201, 200),
    ),
    ApiOperation(
        method="POST",
        path="/batches/{batch}/runs/{lane}/{index}/links",
        name="sign_links",
        summary="Signs links to what a run landed as, in the store of its destination, good for some minutes",
        do=_links,
        answers=(LinksAnswer,),
        forms=(LinksForm,),
        role=Role.OPERATOR,
    ),
    _act("/batches/{batch}/retry", ActKind.RETRY, "retry", "Takes up failed runs", RetryForm),
    _act("/batches/{batch}/pause", ActKind.PAUSE_BATCH, "pause_batch", "Holds back what waits"),
    _act("/batches/{batch}/resume", ActKind.RESUME_BATCH, "resume_batch", "Lets it go on"),
    _act("/batches/{batch}/change", ActKind.CHANGE_BATCH, "change_batch", "Gives it another class", ChangeForm),
    _act("/batches/{batch}/cancel", ActKind.CANCEL_BATCH, "cancel_batch", "Drops what waits; Stripe ends the rest"),
    _act("/lanes/{lane}/pause", ActKind.PAUSE_LANE, "pause_lane", "Grants nothing more to any batch"),
    _act("/lanes/{lane}/resume", ActKind.RESUME_LANE, "resume_lane", "Grants again"),
    _act("/lanes/{lane}/limits", ActKind.LIMIT_LANE, "limit_lane", "Sets limits", LimitsForm),
    _act("/extracts/{extract}/pause", ActKind.PAUSE_EXTRACT, "pause_extract", "Begins no new windows"),
    _act("/extracts/{extract}/resume", ActKind.RESUME_EXTRACT, "resume_extract", "Begins windows again"),
    _act(
        "/extracts/{extract}/backfill",
        ActKind.BACKFILL_EXTRACT,
        "backfill",
        "Begins to fill the gaps of an extract, which goes on for as long as it takes",
        BackfillForm,
    ),
    _act("/deeds/{deed}/stop", ActKind.STOP_BACKFILL, "stop_backfill", "Has a backfill submit nothing further"),
)
