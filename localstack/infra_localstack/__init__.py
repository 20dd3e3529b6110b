"""A LocalStack extension: the AWS services its open core leaves out, and AWS's own strictness for the others."""
