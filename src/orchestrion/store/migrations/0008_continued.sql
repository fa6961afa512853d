-- Where an execution ended that another one continues: the last event of the workflow execution, and how many entries it had.
ALTER TABLE execution ADD COLUMN last_event INTEGER;
ALTER TABLE execution ADD COLUMN entries INTEGER;
