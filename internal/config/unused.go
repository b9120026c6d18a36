package config

import "strings"

// unusedNames returns what each of them means, by name.
func unusedNames() map[string]string {
	all := make(map[string]string)
	for _, group := range unused {
		for name := range strings.FieldsSeq(group.names) {
			all[name] = group.why
		}
	}
	return all
}

// unused is every setting of Appwrite's that is not in the table of settings,
// with what it means that it is not. One that comes into use moves there.
var unused = []struct {
	why   string
	names string
}{
	// One process does what several containers did.
	{why: "there is one edition", names: "_APP_EDITION"},
	{why: "there is one process, and nothing to lock between several", names: "_APP_LOCKING_ENABLED"},
	{why: "the server sizes itself by the CPUs it may use", names: `_APP_WORKER_PER_CORE _APP_WORKERS_NUM _APP_CPU_NUM
		_APP_RISKY_WORKERS_PERCENT _APP_WORKER_MAX_COROUTINES _APP_POOL_ADAPTER _APP_POOL_CLIENTS _APP_CONNECTIONS_MAX
		_APP_CONNECTIONS_TIMEOUT _APP_IMAGES_RESOURCE_LIMIT_MEMORY`},
	{
		why:   "counters, caches and queues are in the process and the database, not in Redis",
		names: "_APP_REDIS_HOST _APP_REDIS_PORT _APP_REDIS_USER _APP_REDIS_PASS",
	},
	{why: "jobs are in the database, and their queues have no names to choose", names: `_APP_AUDITS_QUEUE_NAME
		_APP_BUILDS_QUEUE_NAME _APP_CERTIFICATES_CLASS_NAME _APP_CERTIFICATES_QUEUE_NAME _APP_DATABASE_CLASS_NAME
		_APP_DATABASE_QUEUE_NAME _APP_DELETE_QUEUE_NAME _APP_EXECUTIONS_QUEUE_NAME _APP_FUNCTIONS_QUEUE_NAME
		_APP_JOBS_QUEUE_NAME _APP_MAILS_QUEUE_NAME _APP_MESSAGING_QUEUE_NAME _APP_MIGRATIONS_QUEUE_NAME
		_APP_NOTIFICATIONS_QUEUE_NAME _APP_SCREENSHOTS_QUEUE_NAME _APP_STATS_RESOURCES_QUEUE_NAME
		_APP_STATS_USAGE_QUEUE_NAME _APP_WEBHOOK_CLASS_NAME _APP_WEBHOOK_QUEUE_NAME _APP_CONNECTIONS_QUEUE_STATS_USAGE`},
	{why: "all databases of an installation are behind the one setting db", names: `_APP_CONNECTIONS_DATABASE_DOCUMENTSDB
		_APP_CONNECTIONS_DATABASE_VECTORSDB _APP_CONNECTIONS_DB_LOGS _APP_DATABASE_DOCUMENTSDB_KEYS
		_APP_DATABASE_DOCUMENTSDB_OVERRIDE _APP_DATABASE_DOCUMENTSDB_SHARED_TABLES _APP_DATABASE_KEYS
		_APP_DATABASE_OVERRIDE _APP_DATABASE_SHARED_NAMESPACE _APP_DATABASE_SHARED_TABLES _APP_DATABASE_VECTORSDB_KEYS
		_APP_DATABASE_VECTORSDB_OVERRIDE _APP_DATABASE_VECTORSDB_SHARED_TABLES _APP_DB_ADAPTER_DOCUMENTSDB
		_APP_DB_ADAPTER_VECTORSDB _APP_DB_HOST_DOCUMENTSDB _APP_DB_HOST_VECTORSDB _APP_DB_PORT_DOCUMENTSDB
		_APP_DB_PORT_VECTORSDB`},
	{why: "the server needs its own database user only, never the administrator's", names: "_APP_DB_ROOT_PASS"},
	{why: "Appwrite itself reads it no longer", names: `_APP_INFLUXDB_HOST _APP_INFLUXDB_PORT _APP_STATSD_HOST
		_APP_STATSD_PORT _APP_FUNCTIONS_CONTAINERS _APP_FUNCTIONS_MEMORY_SWAP _APP_FUNCTIONS_ENVS DOCKERHUB_PULL_USERNAME
		DOCKERHUB_PULL_PASSWORD DOCKERHUB_PULL_EMAIL OPEN_RUNTIMES_NETWORK`},
	{why: "there is one region, called default", names: "_APP_REGION _APP_PROJECT_REGIONS"},
	{why: "the version is the program's own", names: "_APP_VERSION"},
	{why: "it traces one function for Appwrite's own staff", names: "_APP_TRACE_FUNCTION_ID _APP_TRACE_PROJECT_ID"},
	{why: "it is for developing Appwrite's SDKs", names: "_APP_SDK_PREVIEW"},

	// TLS and custom domains.
	{
		why:   "custom domains are not served yet, so certificates are asked for the names of the installation alone: see MOORFAST_TLS",
		names: `_APP_ROUTER_AUTO_CERTIFICATES`,
	},
	{
		why: "custom domains are not served yet, so none is checked",
		names: `_APP_CUSTOM_DOMAIN_DENY_LIST _APP_DNS _APP_RULES_FORMAT
		_APP_INTERVAL_DOMAIN_VERIFICATION _APP_DOMAIN_FUNCTIONS_FALLBACK`,
	},
	{
		why:   "functions and sites are not served yet, and neither are redirects of theirs to HTTPS",
		names: "_APP_OPTIONS_FUNCTIONS_FORCE_HTTPS _APP_OPTIONS_ROUTER_FORCE_HTTPS",
	},

	// The console and its accounts.
	{why: "countries of addresses are looked up in a file, which MOORFAST_GEO_DATABASE names", names: "_APP_GEO_ENDPOINT _APP_GEO_SECRET"},
	{why: "projects do not act for the console", names: "_APP_CONSOLE_TRUSTED_PROJECTS"},
	{why: "mails end without the name of a team, and link to the console", names: "_APP_SYSTEM_TEAM_EMAIL _APP_HOME"},
	{why: "security mails come from the same address as the others", names: "_APP_EMAIL_SECURITY"},
	{
		why:   "notifications are not sent yet; their links will be signed with a key of the keyring",
		names: "_APP_NOTIFICATIONS_TRACKING_SECRET",
	},
	{why: "no project is kept from sending text messages", names: "_APP_SMS_PROJECTS_DENY_LIST"},

	// Logs.
	{why: "errors go to the log, and to no service", names: `_APP_LOGGING_PROVIDER _APP_LOGGING_CONFIG
		_APP_LOGGING_CONFIG_REALTIME _APP_LOGGING_SERVICE_IDENTIFIER _APP_EXPERIMENT_LOGGING_CONFIG`},

	// Functions and sites.
	{why: "functions do not run yet", names: `_APP_FUNCTIONS_BUILD_SIZE_LIMIT _APP_COMPUTE_BUILD_SIZE_LIMIT
		_APP_COMPUTE_BUILD_COMPRESSION _APP_FUNCTIONS_TIMEOUT _APP_FUNCTIONS_RUNTIMES
		_APP_FUNCTIONS_INACTIVE_THRESHOLD _APP_COMPUTE_INACTIVE_THRESHOLD _APP_FUNCTIONS_MAINTENANCE_INTERVAL
		_APP_COMPUTE_MAINTENANCE_INTERVAL _APP_FUNCTIONS_SCHEDULE_SPREAD _APP_FUNCTIONS_CREATION_ABUSE_LIMIT
		_APP_EXECUTIONS_LIMIT_ON_ROUTE _APP_DOCKER_HUB_USERNAME _APP_DOCKER_HUB_PASSWORD`},
	{why: "functions and builds have no executor of their own to reach", names: `_APP_EXECUTOR_SECRET _APP_EXECUTOR_HOST
		_APP_EXECUTOR_CONNECTION_STORAGE _APP_EXECUTOR_RUNTIME_NETWORK _APP_BUILDS_VOLUME _APP_JOBS_HOST
		_APP_JOBS_SECRET _APP_JOBS_ENDPOINT _APP_FUNCTIONS_RUNTIMES_NETWORK _APP_COMPUTE_RUNTIMES_NETWORK
		_APP_OPEN_RUNTIMES_NFT`},
	{why: "sites are not served yet", names: "_APP_SITES_TIMEOUT _APP_SITES_RUNTIMES"},
	{why: "no screenshots are taken of sites", names: "_APP_WORKER_SCREENSHOTS_ROUTER"},
	{why: "repositories are not connected yet, so no service needs to call back", names: "_APP_VCS_WEBHOOK_URL"},

	// Work in the background.
	{why: "there are no caches, executions or logs yet to clear away by age", names: `_APP_MAINTENANCE_INTERVAL
		_APP_MAINTENANCE_DELAY _APP_MAINTENANCE_START_TIME _APP_MAINTENANCE_RETENTION_CACHE
		_APP_MAINTENANCE_RETENTION_EXECUTION
		_APP_MAINTENANCE_RETENTION_ABUSE _APP_MAINTENANCE_RETENTION_USAGE_HOURLY _APP_MAINTENANCE_RETENTION_SCHEDULES`},
	{why: "webhooks are not sent yet", names: "_APP_WEBHOOK_MAX_FAILED_ATTEMPTS"},
	{why: "GraphQL is not served yet", names: `_APP_GRAPHQL_INTROSPECTION _APP_GRAPHQL_MAX_BATCH_SIZE
		_APP_GRAPHQL_MAX_COMPLEXITY _APP_GRAPHQL_MAX_DEPTH`},
	{why: "realtime is not served yet", names: "_APP_REALTIME_TAIL_RATE"},
	{
		why:   "data is not fetched from other backends yet",
		names: "_APP_MIGRATIONS_FIREBASE_CLIENT_ID _APP_MIGRATIONS_FIREBASE_CLIENT_SECRET",
	},
	{why: "texts are not embedded as vectors yet", names: "_APP_EMBEDDING_ENDPOINT _APP_EMBEDDING_TIMEOUT"},
}
