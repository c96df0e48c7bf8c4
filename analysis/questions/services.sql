-- Who owns each service and what it needs.
select service, owner_team, owner_email, owner_chat, runbook, critical, depends_on
from services
where environment = $environment or environment is null
order by service
