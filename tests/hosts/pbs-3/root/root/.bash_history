echo must stay out of the backup
