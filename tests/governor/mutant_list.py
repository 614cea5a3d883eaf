"""Lists mistakes that somebody could make in the scripts; `mutants.py` makes them, and shows that each is noticed."""

from tests.governor.feed_mutants import FEED_MUTANTS
from tests.governor.mutant import Mutant

MUTANTS = (
    # fences and custody
    Mutant("a fence is not compared", "shared/lane", "run_fence == fence and (", "run_state and ("),
    Mutant("a state is not compared", "shared/lane", "and (not state or run_state == state) then", "then"),
    Mutant(
        "a custody keeps the fence of its message",
        "begin",
        "= fence_after(fence)",
        "= fence",
    ),
    Mutant("a fence of before the clock was set back comes again", "shared/lane", "tonumber(known) + 1, ", ""),
    Mutant("a run that is granted anew begins with an old fence", "shared/moves", "  keep_fence(fence)\n", ""),
    Mutant("a raised run begins with an old fence", "adopt", "fence_after(fence)", "fence_after(0)"),
    Mutant("a custody has no end", "begin", "make_due(STEP_OF[state], run, now + custody_ms)\n", ""),
    Mutant(
        "a lost custody is kept",
        "renew",
        "if not state then return 0 end",
        "state = redis.call('HGET', run_key(run), 'state') if not state then return 0 end",
    ),
    Mutant("a key is replaced", "mark_sent", "HSETNX", "HSET"),
    # slots and the cap
    Mutant(
        "only running runs are counted", "shared/slots", "redis.call('ZCARD', SLOTS)", "redis.call('ZCARD', DUE.poll)"
    ),
    Mutant(
        "the margin is forgotten",
        "shared/limit",
        "math.min(tonumber(limit or cap), cap) - margin)",
        "math.min(tonumber(limit or cap), cap))",
    ),
    Mutant(
        "time frees a slot",
        "claim",
        "claimed[#claimed + 1] = run\n",
        "claimed[#claimed + 1] = run free_slot(run, string.match(run, '^[^/]+'))\n",
    ),
    Mutant(
        "a slot is freed twice",
        "shared/slots",
        "if redis.call('ZREM', SLOTS, run) == 0 then return end",
        "redis.call('ZREM', SLOTS, run)",
    ),
    Mutant("a landing holds its slot", "ready", "free_slot(run, flow)\n", ""),
    Mutant("nothing is granted after a finish", "finish", " then grant() end", " then end"),
    Mutant("nothing is granted after an end", "ready", "\ngrant()\n", "\n"),
    Mutant("nothing is granted after a requeue", "requeue", "\ngrant()\n", "\n"),
    Mutant("nothing is granted after a raised cap", "configure", "\ngrant()\n", "\n"),
    Mutant("nothing is granted after a raised limit", "bind", " then grant() end", " then end"),
    Mutant("nothing is granted after a resume", "resume", "\ngrant()\n", "\n"),
    Mutant("nothing is granted after a raised ceiling", "set_flow", "\ngrant()\n", "\n"),
    Mutant("nothing is granted to a new flow", "open_flow", "\ngrant()\n", "\n"),
    # fair order
    Mutant("who holds most goes first", "shared/fair", "WAITING[class], 0, 0)", "WAITING[class], -1, -1)"),
    Mutant("weights are ignored", "shared/fair", "tonumber(held) / tonumber(weight)", "tonumber(held)"),
    Mutant("a flow is never charged", "shared/fair", "redis.call('HINCRBY', key, 'tag', charge)", ""),
    Mutant("a charge ignores the weight", "shared/fair", "TAG_PER_RUN / tonumber(weight)", "TAG_PER_RUN"),
    Mutant(
        "a class's time stands still",
        "shared/fair",
        "if tag > number(CFG, 'time_' .. counted_in) then",
        "if false then",
    ),
    Mutant("coming back earns what was missed", "shared/fair", "tonumber(tag) < own_time then", "false then"),
    Mutant(
        "a joiner of a class brings his tag along",
        "set_flow",
        "'tag', number(CFG, 'time_' .. class), ",
        "",
    ),
    Mutant(
        "a moved flow's slots stay with its old class",
        "set_flow",
        "redis.call('HINCRBY', CFG, 'held_' .. class, held)",
        "",
    ),
    Mutant("a reserve is ignored", "shared/fair", "free > reserved_above(rank)", "free > 0"),
    Mutant("a reserve in use still counts", "shared/fair", " - number(CFG, 'held_' .. class))", ")"),
    Mutant("a ceiling is ignored", "shared/fair", "tonumber(held) >= tonumber(ceiling) then", "false then"),
    Mutant("a promotion is never used up", "shared/fair", "  redis.call('HSET', key, 'promoted', 0)\n", ""),
    Mutant(
        "waiting does not begin anew",
        "shared/fair",
        "elseif is_served then",
        "elseif false then",
    ),
    Mutant("nobody is promoted", "shared/slots", "  promote_aged()\n", ""),
    Mutant("a paused lane grants", "shared/slots", "if paused then return 0 end", ""),
    Mutant(
        "a paused lane creates",
        "claim",
        "if first <= now and not (step == 'submit' and paused) then",
        "if first <= now then",
    ),
    Mutant("a paused flow is served", "shared/fair", "if paused then return false end", ""),
    Mutant(
        "the spec undoes an operator's word",
        "configure",
        "if by_operator or redis.call('HEXISTS', CFG, kept) == 0 then",
        "do",
    ),
    # refusals and the limit
    Mutant("a refusal is charged", "requeue", "  refund_flow(flow, charge)\n", ""),
    Mutant(
        "a refusal uses up a promotion",
        "shared/fair",
        "math.max(number(key, 'promoted'), tonumber(promoted))",
        "number(key, 'promoted')",
    ),
    Mutant("a refused flow counts as away", "requeue", "take_place(flow, refused)", "take_place(flow)"),
    Mutant(
        "a refund follows the new class",
        "shared/fair",
        "if class ~= redis.call('HGET', key, 'class') then return end",
        "",
    ),
    Mutant("the limit is never lowered", "requeue", "  note_refusal()\n", ""),
    Mutant("the limit is never raised", "bind", " and note_success() then", " then"),
    Mutant(
        "what was there before raises the limit",
        "bind",
        "if redis.call('HEXISTS', run_key(run), 'key') == 1 and",
        "if",
    ),
    Mutant(
        "the limit rises without binding",
        "shared/limit",
        "if alive < limit - 1 then return limit, successes end",
        "",
    ),
    Mutant(
        "each success raises the limit", "shared/limit", "local SUCCESSES_PER_SLOT = 10", "local SUCCESSES_PER_SLOT = 1"
    ),
    Mutant("a climb never hastens", "shared/limit", " / 2 ^ math.max(0, limit - refused_at)", ""),
    Mutant(
        "the limit has no floor",
        "shared/limit",
        "return math.max(math.min(cap - margin, 1), ",
        "return math.max(math.min(cap - margin, 0), ",
    ),
    Mutant("the limit is ignored", "shared/limit", "math.min(tonumber(limit or cap), cap)", "cap"),
    Mutant("sent creates are forgotten", "shared/limit", " + redis.call('ZCOUNT', DUE.submit, '(' .. now, '+inf')", ""),
    # a Redis that is new or older than it was
    Mutant(
        "an unreconciled lane grants", "shared/slots", "if not flow or not is_reconciled() then", "if not flow then"
    ),
    Mutant(
        "an unreconciled lane hands out creates",
        "claim",
        "return #due > 0 and is_reconciled() and due or {}",
        "return due",
    ),
    Mutant("an unreconciled lane lets a create be sent", "mark_sent", "if not is_reconciled() then", "if false then"),
    Mutant(
        "any server is the one of before", "shared/lane", "reconciled_with == this_server()", "not not reconciled_with"
    ),
    Mutant(
        "a reconciliation ends another one", "reconciled", " or reconciliation() ~= reconciliation_id then", " then"
    ),
    Mutant("nothing is granted after a reconciliation", "reconciled", "\ngrant()\n", "\n"),
    Mutant(
        "a new create goes beside those that may be alive",
        "claim",
        "take(unsent, room - may_be_alive)",
        "take(unsent, room)",
    ),
    Mutant(
        "what nobody can tell goes without room",
        "claim",
        "if may_be_alive <= own_slots() then take(unclear, want) end",
        "take(unclear, want)",
    ),
    Mutant("what nobody can tell waits for others too", "claim", "<= own_slots()", "<= limit_now()"),
    Mutant("what nobody can tell waits for ever", "claim", "now - sent <= tonumber(surely_over_ms)", "true"),
    Mutant("what was answered waits for room", "claim", "is_answered and answered or sent", "sent"),
    Mutant(
        "what was claimed before a reconciliation is sent",
        "mark_sent",
        "if number(run_key(run), 'cleared') ~=",
        "if 0 ~= 0 and",
    ),
    Mutant("what was sent is not written down", "mark_sent", "redis.call('HSET', run_key(run), 'sent', now)\n", ""),
    Mutant(
        "what adopting skips is lost", "adopt", "for skipped = cursor, tonumber(index) - 1 do", "for skipped = 1, 0 do"
    ),
    Mutant("an adopted run waits on", "adopt", "    requeued[place] = ''\n", ""),
    Mutant(
        "an adopted run of a canceled flow is counted twice",
        "adopt",
        "if canceling then redis.call('HINCRBY', key, 'canceled', -1) end",
        "",
    ),
    Mutant("adopting takes what is only to land", "adopt", " or newer == 0 and query_run ~= ''", ""),
    Mutant(
        "adopting lowers an attempt",
        "adopt",
        "tonumber(known) < tonumber(attempt)",
        "tonumber(known) ~= tonumber(attempt)",
    ),
    Mutant(
        "an adopted run may be canceled without asking",
        "adopt",
        "'sent', now, 'adopted', 1)",
        "'adopted', 1)",
    ),
    # what is made beside all flows
    Mutant(
        "what is set aside is granted all the same",
        "shared/limit",
        "tonumber(margin or 0) + slots_aside(aside, aside_until)",
        "tonumber(margin or 0)",
    ),
    Mutant(
        "what is set aside counts as the flows' own",
        "shared/limit",
        "(margin or 0) - slots_aside(aside, aside_until)",
        "(margin or 0)",
    ),
    Mutant(
        "a dead holder keeps its slots for ever",
        "shared/limit",
        "aside and tonumber(aside_until) > now and tonumber(aside) or 0",
        "aside and tonumber(aside) or 0",
    ),
    Mutant(
        "two set slots aside", "set_aside", "if has and not is_ours and tonumber(until_ms) > now then return 0 end", ""
    ),
    Mutant("what a dead holder had is nobody's", "set_aside", " and tonumber(until_ms) > now then", " then"),
    Mutant("another one gives back what is set aside", "set_aside", "  if is_ours then", "  if has then"),
    Mutant("nothing is granted after what was given back", "set_aside", "    grant()\n", "\n"),
    Mutant("nothing is granted where fewer are set aside", "set_aside", "\ngrant()\n", "\n"),
    Mutant("a paused lane sets slots aside", "set_aside", "if paused or not", "if not"),
    Mutant("an unreconciled lane sets slots aside", "set_aside", " or not is_reconciled() then", " then"),
    Mutant("a holder creates beside a full lane", "set_aside", "redis.call('ZCARD', SLOTS) <= limit_now()", "true"),
    Mutant(
        "who asks again gains no time",
        "set_aside",
        "'aside_until', now + for_ms)",
        "'aside_until', until_ms or now + for_ms)",
    ),
    Mutant("a request beside all steps passes a gate", "spend", " > 0 then return -1 end", " < 0 then return -1 end"),
    Mutant(
        "a create beside all steps passes the gates of creates",
        "spend",
        "operation == 'create' and 'submit' or 'poll'",
        "'poll'",
    ),
    Mutant(
        "a request beside all steps goes past its budget", "spend", "math.min(left, left_in_all) < 1", "left_in_all < 1"
    ),
    Mutant(
        "a request beside all steps goes past the budget of all", "spend", "math.min(left, left_in_all) < 1", "left < 1"
    ),
    Mutant("a request beside all steps costs nothing", "spend", "charge(operation, 1)\n", ""),
    Mutant("a request beside all steps costs none of the requests in all", "spend", "charge('all', 1)\n", ""),
    # waiting, requeuing, moving on
    Mutant(
        "a flow is granted past the index at which it is held",
        "shared/fair",
        "math.min(tonumber(size), tonumber(hold_after or size))",
        "tonumber(size)",
    ),
    Mutant("a released flow gets no place", "release", "take_place(flow)\n", ""),
    Mutant("an exhausted flow stays eligible", "shared/fair", "  return has_waiting(flow)\n", "  return true\n"),
    Mutant("what was requeued is forgotten", "shared/fair", " or redis.call('LLEN', requeued_key(flow)) > 0", ""),
    Mutant("requeued at the wrong end", "requeue", "'LPUSH'", "'RPUSH'"),
    Mutant("a requeue is a new attempt", "requeue", "'|' .. attempt .. '|'", "'|' .. attempt + 1 .. '|'"),
    Mutant("a canceled flow takes runs back", "requeue", "'canceling') == 1", "'canceling') == 2"),
    Mutant("a state is not written down", "shared/moves", "  mark(flow, index, to)\n", ""),
    Mutant("an outcome is not written down", "shared/moves", "  mark(flow, index, next_state)\n", ""),
    Mutant("a move leaves the old due time", "shared/moves", "redis.call('ZREM', DUE[STEP_OF[from]], run)", ""),
    Mutant("a move makes nothing due", "shared/moves", "  make_due(STEP_OF[to], run, now + delay_ms)\n", ""),
    Mutant("a settled run stays due", "shared/moves", "redis.call('ZREM', DUE[STEP_OF[state]], run)", ""),
    Mutant("success is counted as a failed try", "defer", "redis.call('HSET', run_key(run), 'tries', 0)", ""),
    Mutant("an end is not noted", "ready", "note_duration(query, unpack(ARGV, 5))", ""),
    # claims, budgets, gates
    Mutant(
        "a claim removes what it takes",
        "claim",
        "redis.call('ZADD', DUE[step], unpack(again))",
        "redis.call('ZADD', DUE[step], unpack(again)) if #again > 2 then redis.call('ZREM', DUE[step], again[2]) end",
    ),
    Mutant("a claim leaves what it takes", "claim", "redis.call('ZADD', DUE[step], unpack(again))", ""),
    Mutant("an unserved claim is not counted", "claim", "then count('unserved') end", "then end"),
    Mutant("a claim is not noted", "claim", "    redis.call('HSET', run_key(run), 'claimed', fence)\n", ""),
    Mutant("an operation costs nothing", "claim", "    charge(operation, runs)\n", ""),
    Mutant("the budget of all costs nothing", "claim", "    charge('all', runs)\n", ""),
    Mutant(
        "an idle budget saves up",
        "shared/budgets",
        "math.max(number(BUDGETS, operation), now)",
        "number(BUDGETS, operation)",
    ),
    Mutant(
        "of ten requests a second no more than two may come at once",
        "shared/budgets",
        ", 250, math.min(500, 5 * interval))",
        ", 250)",
    ),
    Mutant("a refused rate is kept", "close_gate", "  slow_down(gate)\n", ""),
    Mutant(
        "a closed gate lets all through",
        "shared/gates",
        "return now < tonumber(closed_until) and 0 or math.min(want, 1)",
        "return want",
    ),
    Mutant("an expired gate is open", "shared/gates", "or math.min(want, 1)", "or want"),
    Mutant("each refusal doubles the wait", "shared/gates", "if wait and not probing then return false end", ""),
    Mutant(
        "a gate waits longer and longer", "shared/gates", "math.min(tonumber(wait) * 2, most_ms)", "tonumber(wait) * 2"
    ),
    Mutant("a probe is not noted", "claim", "for _, gate in ipairs(gates) do note_probe(gate, resend_ms) end", ""),
    Mutant(
        "a key that may not create looks at nothing",
        "shared/gates",
        "poll = { 'auth', 'retrieve' }",
        "poll = { 'auth', 'permission', 'retrieve' }",
    ),
    Mutant("a key that may not create creates", "shared/gates", "'auth', 'permission', 'cap'", "'auth', 'cap'"),
    Mutant(
        "a look opens the cap", "shared/gates", "poll = { 'auth', 'retrieve' }", "poll = { 'auth', 'retrieve', 'cap' }"
    ),
    # flows: retried, canceled, settled
    Mutant(
        "a retried landing runs the query again",
        "shared/slots",
        "query_run == '' and 'granted' or 'running'",
        "'granted'",
    ),
    Mutant("a retry takes any run", "retry", "[1] == NIBBLE.failed then", "[1] >= NIBBLE.landed then"),
    Mutant("a retried flow still expires", "shared/moves", "redis.call('PERSIST', flow_key(flow))", ""),
    Mutant("a retried flow is not eligible", "shared/moves", "  take_place(flow)\nend", "end"),
    Mutant("a canceled flow keeps what was requeued", "cancel_flow", "redis.call('DEL', requeued_key(flow))", ""),
    Mutant("a canceled flow stays eligible", "cancel_flow", "take_place(flow)\n", ""),
    Mutant("a canceled flow is never done", "cancel_flow", "close_if_done(flow)", ""),
    Mutant(
        "a flow is done too early",
        "shared/moves",
        "if landed + failed + canceled < tonumber(size) then return opened end",
        "",
    ),
    Mutant("a failed run is not settled", "shared/moves", "landed + failed + canceled <", "landed + canceled <"),
    Mutant("a settled flow stays for ever", "shared/moves", "redis.call('PEXPIRE', key, KEEP_FLOW_MS)", ""),
    Mutant("a flow opens twice", "open_flow", "if redis.call('EXISTS', flow_key(flow)) == 1 then return 0 end", ""),
    *FEED_MUTANTS,
)

#: The classic ways of breaking a concurrency limit, for the suite.
CLASSICS = tuple(
    mutant
    for mutant in MUTANTS
    if mutant.name
    in (
        "a fence is not compared",
        "only running runs are counted",
        "time frees a slot",
        "nothing is granted after an end",
        "a flow is never charged",
        "a refusal is charged",
    )
)
