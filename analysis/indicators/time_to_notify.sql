-- From the first failed request to the moment a channel accepted the notification.

-- step: failures
-- include: failures_between.sql

-- step: alerts
-- Alerts are looked at by themselves: whether any was ever sent, and which were.
select environment, service, epoch_us(opened_at) as opened_us, epoch_us(notified_at) as notified_us
from alerts
where notified_at is not null
order by notified_at
