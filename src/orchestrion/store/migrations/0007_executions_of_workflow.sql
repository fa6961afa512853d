-- A workflow execution has several executions when re-runs from tasks go on with it.
CREATE INDEX execution_by_workflow ON execution (workflow) WHERE workflow IS NOT NULL;
