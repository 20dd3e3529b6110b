"""The engine parameters that groups can set: name, whether a change needs a reboot (static), type and default.

A choice of those people set, per engine, from the engines' own documentation and what RDS reports as their apply type.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Parameter:
    name: str
    static: bool
    data_type: str
    default: str | None = None


# One line each: name, data type, default ("-": the engine computes it or leaves it unset).
_POSTGRES_STATIC = """
autovacuum_freeze_max_age integer 200000000
autovacuum_max_workers integer -
huge_pages string -
max_connections integer LEAST({DBInstanceClassMemory/9531392},5000)
max_locks_per_transaction integer -
max_logical_replication_workers integer -
max_prepared_transactions integer 0
max_replication_slots integer 20
max_wal_senders integer 20
max_worker_processes integer -
pg_stat_statements.max integer -
rds.enable_plan_management boolean 0
rds.logical_replication boolean 0
shared_buffers integer {DBInstanceClassMemory/32768}
shared_preload_libraries list pg_stat_statements
track_activity_query_size integer -
track_commit_timestamp boolean -
wal_buffers integer -
"""
_POSTGRES_DYNAMIC = """
application_name string -
autovacuum boolean 1
autovacuum_analyze_scale_factor float 0.05
autovacuum_analyze_threshold integer -
autovacuum_naptime integer 15
autovacuum_vacuum_cost_delay float -
autovacuum_vacuum_cost_limit integer GREATEST({log(DBInstanceClassMemory/21474836480)*600},200)
autovacuum_vacuum_scale_factor float 0.1
autovacuum_vacuum_threshold integer -
checkpoint_completion_target float 0.9
checkpoint_timeout integer -
client_encoding string -
cpu_tuple_cost float -
deadlock_timeout integer -
default_statistics_target integer -
default_transaction_isolation string -
effective_cache_size integer {DBInstanceClassMemory/16384}
effective_io_concurrency integer -
hot_standby_feedback boolean -
idle_in_transaction_session_timeout integer 86400000
idle_session_timeout integer -
jit boolean -
lock_timeout integer -
log_autovacuum_min_duration integer 10000
log_checkpoints boolean 1
log_connections boolean -
log_disconnections boolean -
log_duration boolean -
log_error_verbosity string -
log_lock_waits boolean -
log_min_duration_statement integer -
log_min_error_statement string -
log_min_messages string -
log_rotation_age integer 60
log_rotation_size integer -
log_statement string -
log_temp_files integer -
maintenance_work_mem integer GREATEST({DBInstanceClassMemory*1024/63963136},65536)
max_parallel_maintenance_workers integer -
max_parallel_workers integer -
max_parallel_workers_per_gather integer -
max_slot_wal_keep_size integer -
max_standby_archive_delay integer 30000
max_standby_streaming_delay integer 30000
max_wal_size integer -
min_wal_size integer -
password_encryption string -
pg_stat_statements.track string -
random_page_cost float -
rds.force_admin_logging_level string -
rds.force_autovacuum_logging_level string warning
rds.force_ssl boolean 1
rds.log_retention_period integer 4320
search_path string -
seq_page_cost float -
statement_timeout integer -
synchronous_commit string -
tcp_keepalives_count integer -
tcp_keepalives_idle integer 300
tcp_keepalives_interval integer -
temp_buffers integer -
temp_file_limit integer -
timezone string UTC
track_functions string -
track_io_timing boolean 1
vacuum_cost_limit integer -
wal_compression boolean 1
wal_keep_size integer 2048
wal_receiver_timeout integer 30000
wal_sender_timeout integer 30000
work_mem integer -
"""
_MYSQL_STATIC = """
binlog_row_image string -
innodb_buffer_pool_instances integer -
innodb_log_buffer_size integer 8388608
innodb_log_file_size integer 134217728
innodb_open_files integer -
innodb_purge_threads integer -
innodb_read_io_threads integer -
innodb_write_io_threads integer -
lower_case_table_names integer -
performance_schema boolean 0
skip_name_resolve boolean -
thread_stack integer 262144
"""
_MYSQL_DYNAMIC = """
binlog_format string MIXED
character_set_client string -
character_set_connection string -
character_set_database string -
character_set_results string -
character_set_server string -
collation_connection string -
collation_server string -
connect_timeout integer -
event_scheduler string -
explicit_defaults_for_timestamp boolean 1
general_log boolean -
group_concat_max_len integer -
init_connect string -
innodb_buffer_pool_size integer {DBInstanceClassMemory*3/4}
innodb_flush_log_at_trx_commit integer -
innodb_io_capacity integer -
innodb_io_capacity_max integer -
innodb_lock_wait_timeout integer -
innodb_print_all_deadlocks boolean -
interactive_timeout integer -
local_infile boolean -
lock_wait_timeout integer -
log_bin_trust_function_creators boolean -
log_output string TABLE
log_queries_not_using_indexes boolean -
long_query_time float -
max_allowed_packet integer -
max_connect_errors integer -
max_connections integer {DBInstanceClassMemory/12582880}
max_execution_time integer -
max_heap_table_size integer -
max_user_connections integer -
net_read_timeout integer -
net_write_timeout integer -
read_only string {TrueIfReplica}
require_secure_transport boolean 0
slow_query_log boolean -
sort_buffer_size integer -
sql_mode string -
sync_binlog integer 1
table_definition_cache integer -
table_open_cache integer -
thread_cache_size integer -
time_zone string -
tmp_table_size integer -
transaction_isolation string -
tx_isolation string -
wait_timeout integer -
"""


def _table(static: str, dynamic: str) -> dict[str, Parameter]:
    table = {}
    for lines, is_static in ((static, True), (dynamic, False)):
        for line in lines.split("\n"):
            if line:
                name, data_type, default = line.split(" ", 2)
                table[name] = Parameter(name, is_static, data_type, None if default == "-" else default)
    return dict(sorted(table.items()))


PARAMETERS = {
    "postgres": _table(_POSTGRES_STATIC, _POSTGRES_DYNAMIC),
    "mysql": _table(_MYSQL_STATIC, _MYSQL_DYNAMIC),
    "mariadb": _table(_MYSQL_STATIC, _MYSQL_DYNAMIC),
}
