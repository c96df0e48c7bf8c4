-- How often the breakers that are open now went back to open since their episode began, and when last.
select
    moves.service, moves.breaker,
    count(*) as reopenings,
    max(moves.occurred_at) as last_at,
    arg_max(moves.occurred_earliest, moves.occurred_at) as last_earliest,
    arg_max(moves.occurred_latest, moves.occurred_at) as last_latest
from breaker_transitions as moves
join breaker_episodes as episode
    on episode.environment = moves.environment
    and episode.service = moves.service
    and episode.breaker = moves.breaker
where moves.environment = $environment
    and episode.status = 'ongoing'
    and moves.from_state = 'half_open'
    and moves.to_state = 'open'
    and moves.occurred_at >= episode.opened_earliest
group by moves.service, moves.breaker
