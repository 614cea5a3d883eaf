"""Lists mistakes in how a lane hears of ends, asks for them, and wakes who waits: events, feed, sweep, bell."""

from tests.governor.mutant import Mutant

FEED_MUTANTS = (
    # events and QueryRuns
    Mutant(
        "an event takes a run out of the hands of who looks",
        "shared/query_runs",
        "or '') ~= '' then",
        "or '') == '-' then",
    ),
    Mutant(
        "an end that is told during a look is forgotten",
        "shared/query_runs",
        "'look_again') == 1",
        "'look_again') == 2",
    ),
    Mutant(
        "an end that is told before the create's answer is forgotten",
        "bind",
        "is_told and -HEAD_START_MS or",
        "",
    ),
    Mutant(
        "a look that an event asks for may be put off",
        "shared/query_runs",
        "  redis.call('HDEL', run_key(run), 'planned')\n",
        "",
    ),
    Mutant("a look that was put off saw its run alive", "defer", "put_off == '1'", "false"),
    Mutant("a look that was made is planned still", "defer", "    redis.call('HDEL', run_key(run), 'planned')\n", ""),
    Mutant("a first look is due for whatever reason", "bind", "'planned', now + first_poll_ms", "'planned', false"),
    Mutant("a look that is due sooner than planned may be put off", "begin", "now >= tonumber(planned)", "true"),
    Mutant(
        "an event is kept though no create is under way",
        "shared/query_runs",
        "== 0 then return false",
        "< 0 then return false",
    ),
    Mutant(
        "a run that ended is known by its QueryRun",
        "shared/moves",
        "    forget(run, query_run)\n  end\n  mark(flow, index, to)",
        "  end\n  mark(flow, index, to)",
    ),
    Mutant(
        "a run that settled is known by its QueryRun",
        "shared/moves",
        "    forget(run, query_run)\n  end\n  redis.call('DEL', run_key(run))",
        "  end\n  redis.call('DEL', run_key(run))",
    ),
    Mutant("an event puts a look off", "shared/query_runs", "'XX', 'LT', at", "'XX', at"),
    Mutant(
        "an end that is told waits behind looks that were only planned",
        "shared/query_runs",
        "is_told and now - HEAD_START_MS or now",
        "now",
    ),
    Mutant(
        "looks that were only planned wait for all ends that are told",
        "shared/query_runs",
        "HEAD_START_MS = 30000",
        "HEAD_START_MS = 3000000",
    ),
    Mutant("a change goes first as an end does", "wake", "look_at_once(run, ended == '1')", "look_at_once(run, true)"),
    Mutant(
        "an end that is told before the create's answer waits behind looks",
        "bind",
        "and -HEAD_START_MS or",
        "and 0 or",
    ),
    Mutant(
        "an end that is told during a look waits behind looks",
        "shared/query_runs",
        "return told and -HEAD_START_MS or 0 end",
        "return 0 end",
    ),
    Mutant(
        "an event wakes whose QueryRun begins the same",
        "shared/query_runs",
        "'[' .. query_run .. '|', '(' .. query_run .. '}'",
        "'[' .. query_run, '(' .. query_run .. '~'",
    ),
    Mutant("a change is told as an end", "wake", "if ended == '1' then note_told_of", "if true then note_told_of"),
    Mutant("an end is told anew by each event", "shared/query_runs", "HSETNX', run_key(run)", "HSET', run_key(run)"),
    Mutant(
        "the first word that comes finds no run",
        "shared/query_runs",
        "    if query_run then redis.call('ZADD', QUERY_RUNS, 0, known_as(query_run, run)) end\n",
        "",
    ),
    Mutant(
        "runs of which nothing is told are known by name",
        "shared/query_runs",
        "if knows_query_runs() then redis.call('ZADD'",
        "if true then redis.call('ZADD'",
    ),
    Mutant(
        "what an older release knew of QueryRuns stays",
        "shared/query_runs",
        "  redis.call('DEL', QUERY_RUNS)\n",
        "",
    ),
    Mutant(
        "a run without a record keeps all events away",
        "shared/query_runs",
        "    if query_run then redis.call('ZADD', QUERY_RUNS, 0, known_as(query_run, run)) end\n",
        "    redis.call('ZADD', QUERY_RUNS, 0, known_as(query_run, run))\n",
    ),
    Mutant(
        "an end that no look confirms is looked for for ever", "shared/query_runs", "now - told <= LOOK_ON_MS", "told"
    ),
    Mutant(
        "an end that was told early is kept for ever",
        "shared/query_runs",
        "  redis.call('ZREMRANGEBYSCORE', EARLY, '-inf', now - KEEP_EARLY_MS)\n",
        "",
    ),
    Mutant("lost events wake nobody", "wake_all", "do look_at_once(run) end", "do end"),
    Mutant("what events told is not known to matter", "wake", "note_feed()\n", ""),
    # what the feed is worth
    Mutant(
        "an end of which nobody tells is not missed",
        "shared/feed",
        "if missed > 0 then feed_adds('missed', missed) end",
        "",
    ),
    Mutant(
        "an end of while nobody listened is of the feed",
        "shared/feed",
        "if not sent or adopted then",
        "if not sent then",
    ),
    Mutant(
        "an end that is told late is missed as well", "shared/feed", "  redis.call('ZREM', UNHEARD, query_run)\n", ""
    ),
    Mutant(
        "a clock that is off tells delays",
        "shared/feed",
        "if not delay or delay < -MOST_AHEAD_MS or delay > MOST_DELAY_MS then",
        "if not delay then",
    ),
    Mutant(
        "who cancels is told that nothing else is alive where the lane has forgotten something",
        "cancel_flow",
        "is_reconciled() and alive()",
        "alive()",
    ),
    Mutant(
        "who cancels hears of other flows' runs", "cancel_flow", "string.sub(run, 1, #flow + 1) == flow .. '/'", "true"
    ),
    # the sweep of the list of events
    Mutant(
        "a sweep is due where nothing runs",
        "claim",
        "or running == 0 then return 0 end",
        "then return 0 end\n  first_look = first_look or now",
    ),
    Mutant(
        "a sweep for one run comes as soon as for many",
        "claim",
        "(running == 1 and tonumber(alone_ms or 0) or 0)",
        "0",
    ),
    Mutant(
        "creates go before the first sweep",
        "claim",
        "if not sweep_at then sweep_if_due() end\n",
        "",
    ),
    Mutant(
        "each sweep goes before creates",
        "claim",
        "if not sweep_at then sweep_if_due() end",
        "sweep_if_due()",
    ),
    Mutant(
        "who is left of several is looked at all the time",
        "claim",
        "and not left and redis",
        "and redis",
    ),
    Mutant(
        "who is left beside those about to run is looked at",
        "claim",
        "not left and redis.call('ZCARD', SLOTS) == 1 then",
        "not left then",
    ),
    Mutant("who was always alone is taken for who is left", "claim", "tonumber(several or 0) > 1 and", "true and"),
    Mutant(
        "of how many one was left is not counted anew",
        "claim",
        "if left or running > tonumber",
        "if running > tonumber",
    ),
    Mutant(
        "of how many one was left is known for ever",
        "claim",
        "    if several then redis.call('HDEL', FEED, 'several', 'left') end\n",
        "",
    ),
    Mutant(
        "who is left is looked at where webhooks tell of ends",
        "claim",
        "if observed == 'events' and",
        "if",
    ),
    Mutant(
        "a sweep for many comes as late as for one",
        "claim",
        "running == 1 and tonumber(alone",
        "running > 0 and tonumber(alone",
    ),
    Mutant("a sweep is due while one is under way", "claim", "'sweep_at', now + sweep_ms)", "'sweep_at', now)"),
    Mutant(
        "a sweep that nobody ends keeps all others away",
        "claim",
        "is_next = due_ms <= now and",
        "is_next = redis.call('HEXISTS', FEED, 'sweep_fence') == 0 and due_ms <= now and",
    ),
    Mutant(
        "a sweep goes before the looks at ends that were told",
        "claim",
        " and first_look >= due_ms - HEAD_START_MS",
        "",
    ),
    Mutant("a sweep goes after all looks", "claim", ">= due_ms - HEAD_START_MS", ">= due_ms"),
    Mutant("a sweep costs no retrieve", "claim", "    charge('retrieve', 1)\n", ""),
    Mutant("a sweep costs none of the requests in all", "claim", "    charge('all', 1)\n", ""),
    Mutant(
        "a sweep goes past the budgets", "claim", "math.min(budget_left('retrieve'), (budget_left('all'))) >= 1", "true"
    ),
    Mutant("a sweep passes a closed gate", "claim", " and not is_blocked then", " then"),
    Mutant("a sweep at a closed gate keeps pumps busy", "claim", "is_blocked and BLOCKED_MS or 50", "50"),
    Mutant("a sweep of a doubled message is made twice", "begin_sweep", "= next_fence()", "= fence"),
    Mutant(
        "a sweep that another one has replaced is begun",
        "begin_sweep",
        "if redis.call('HGET', FEED, 'sweep_fence') ~= fence then return 0 end",
        "",
    ),
    Mutant(
        "a sweep that waits for looks is forgotten",
        "claim",
        "  return 0, math.max(",
        "  if first_look < due_ms - HEAD_START_MS then return 0 end\n  return 0, math.max(",
    ),
    Mutant("a sweep that was begun is due all the same", "begin_sweep", ", 'sweep_at', now + custody_ms)", ")"),
    Mutant(
        "a sweep that slept undoes what a later one noted",
        "swept",
        "if redis.call('HGET', FEED, 'sweep_fence') ~= fence then return 0 end",
        "",
    ),
    Mutant("a sweep that is over is not", "swept", "redis.call('HDEL', FEED, 'sweep_fence')\n", ""),
    # the bell, and what pumps believe
    Mutant("what becomes due sooner rings nobody", "shared/bell", "    ring(step, at)\n  end", "  end"),
    Mutant("what becomes due in a lane that nobody has seen rings nobody", "shared/bell", "    ring(step, now)\n", ""),
    Mutant(
        "a bell leaves the pumps' belief as it was", "shared/bell", "    note_quiet(step, at)\n    ring", "    ring"
    ),
    Mutant(
        "what else is due is forgotten where nobody has looked",
        "shared/bell",
        "note_quiet(step, now)",
        "note_quiet(step, at)",
    ),
    Mutant(
        "a pump that died is taken for one that comes",
        "shared/bell",
        "(quiet_until[step] or 0) < now - OVERDUE_MS",
        "not quiet_until[step]",
    ),
    Mutant(
        "a lane whose requests are used up rings for each run",
        "claim",
        "note_quiet(step, math.max(now, math.min(together_at or first, also)))",
        "note_quiet(step, math.min(together_at or first, also))",
    ),
    Mutant(
        "a move rings nobody",
        "shared/moves",
        "make_due(STEP_OF[to], run, now + delay_ms)",
        "redis.call('ZADD', DUE[STEP_OF[to]], now + delay_ms, run)",
    ),
    Mutant(
        "a run that is granted rings nobody",
        "shared/slots",
        "make_due(STEP_OF[state], run, now)",
        "redis.call('ZADD', DUE[STEP_OF[state]], now, run)",
    ),
    Mutant(
        "a step that ends early rings nobody",
        "defer",
        "make_due(STEP_OF[state], run, now + delay_ms)",
        "redis.call('ZADD', DUE[STEP_OF[state]], now + delay_ms, run)",
    ),
    Mutant("an event rings nobody", "shared/query_runs", "    wake_pumps('poll', at)\n", ""),
    Mutant(
        "a resume rings nobody",
        "resume",
        "  ring('submit', now) -- of creates that are due since before the pause\n",
        "",
    ),
    Mutant("the end of a sweep rings nobody", "swept", "wake_pumps('poll', now + next_ms)\n", ""),
    Mutant("the first run that runs has no sweep", "bind", "wake_pumps('poll', number(FEED, 'sweep_at'))", ""),
    Mutant(
        "a claim says that nothing is due while something is",
        "claim",
        "note_quiet(step, math.max(now, math.min(together_at or first, also)))",
        "note_quiet(step, math.max(now, also))",
    ),
    Mutant(
        "a claim says that nothing is due before a sweep is",
        "claim",
        "note_quiet(step, math.max(now, math.min(together_at or first, also)))",
        "note_quiet(step, math.max(now, together_at or first))",
    ),
    Mutant(
        "an end that is told waits with looks that go together",
        "claim",
        "math.min(together_at or first, also)",
        "math.min(first, also)",
    ),
    Mutant(
        "looks wait for each other however long",
        "claim",
        "last and last - instant <= TOGETHER_MS and math.max",
        "last and math.max",
    ),
    Mutant("looks that go together come before their budget", "claim", "math.max(last, enough)", "last"),
    Mutant("an end that was told waits for a budget of four", "claim", "if goes_first or TOGETHER", "if TOGETHER"),
    Mutant("a pump that is late loses a part of the budget", "claim", "TOGETHER * interval + LATE_MS >", "0 >"),
    Mutant("pumps that come in a while hear of no sweep", "bind", "> now + SOON_MS", "> now + 1e9"),
    Mutant("pumps that come soon hear of each sweep", "bind", "> now + SOON_MS", "> now"),
    Mutant(
        "a pump believes that nothing is due though it is",
        "claim",
        "(quiet_until[step] or 0) <= now",
        "not quiet_until[step]",
    ),
    Mutant(
        "pumps believe what a clock that was set has made wrong",
        "shared/clock",
        "  redis.call('HDEL', CFG, 'submit_quiet_until', 'poll_quiet_until', 'download_quiet_until')\n",
        "",
    ),
)
