from edgeroutes.uploads import presigned_post
