# fresh
