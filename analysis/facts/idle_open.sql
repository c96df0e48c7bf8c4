-- Incidents of breakers whose calls are counted, and when none was attempted.

-- step: episodes
-- Those that go on, and those that were made anew. $anew: all of them, for another open time was declared.
with counted as (
    select distinct environment, service, breaker
    from raw.tracks
    where kind = 'requests' and breaker <> '' and (detail['outcome'] = 'not_permitted' or detail['role'] = 'fire')
)
select distinct incident.environment, incident.service, incident.episode_id
from kept.breaker_incidents as incident
semi join counted using (environment, service, breaker)
where incident.idle_open_s is null or incident.status = 'ongoing' or $anew
order by all

-- step: incidents
select
    incident.* replace (
        epoch_us(incident.opened_at) as opened_at, epoch_us(incident.opened_earliest) as opened_earliest,
        epoch_us(incident.opened_latest) as opened_latest, epoch_us(incident.closed_at) as closed_at,
        epoch_us(incident.closed_earliest) as closed_earliest, epoch_us(incident.closed_latest) as closed_latest
    ),
    epoch_us(state.as_of) as as_of_us
from kept.breaker_incidents as incident
join kept.breaker_states as state using (environment, service, breaker, instance, labels)
where incident.environment = $environment and incident.service = $service
    and list_contains($episodes::bigint[], incident.episode_id)
order by incident.opened_latest, incident.incident_id

-- step: kept_episodes
select
    episode.* replace (
        epoch_us(episode.opened_at) as opened_at, epoch_us(episode.opened_earliest) as opened_earliest,
        epoch_us(episode.opened_latest) as opened_latest, epoch_us(episode.closed_at) as closed_at,
        epoch_us(episode.closed_earliest) as closed_earliest, epoch_us(episode.closed_latest) as closed_latest
    )
from kept.breaker_episodes as episode
where episode.environment = $environment and episode.service = $service
    and list_contains($episodes::bigint[], episode.episode_id)
order by episode.episode_id

-- step: opens
with
-- include: breaker_spells.sql
select
    breaker, instance, labels, to_state,
    epoch_us(from_earliest) as from_earliest_us, epoch_us(from_latest) as from_latest_us,
    epoch_us(to_earliest) as to_earliest_us, epoch_us(to_latest) as to_latest_us
from spells
where state = 'open'
order by breaker, instance, from_latest_us

-- step: runs
-- Runs of the counters of calls in the time of the incidents. A source counts all calls where it counts those turned
-- away, too.
with tracks as (
    select track_id, source, breaker, instance, labels, detail
    from raw.tracks
    where kind = 'requests' and environment = $environment and service = $service
        and list_contains($breakers::varchar[], breaker)
),
complete as (
    select distinct source, breaker, instance, labels
    from tracks
    where detail['outcome'] = 'not_permitted' or detail['role'] = 'fire'
)
select tracks.source, tracks.breaker, tracks.instance, tracks.labels, tracks.track_id, run.first_us, run.last_us
from tracks
semi join complete using (source, breaker, instance, labels)
left join raw.runs as run
    on run.track_id = tracks.track_id
    and run.first_us <= $to_us
    and run.last_us >= $from_us
    and run.last_us > run.first_us
order by tracks.source, tracks.track_id, run.first_us
