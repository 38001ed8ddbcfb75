/* aws_stream_read.h - a result file of `weir as aws_streaming_bench`, or of the program whose name it has, into an
 * experiment. Its own statistics count; where it has none of the headers (the original never has), they are made of its
 * rows. Header names in any case. Pure. */
#ifndef WEIR_COMPAT_AWS_STREAM_READ_H
#define WEIR_COMPAT_AWS_STREAM_READ_H

#include "base/jdoc.h"
#include "report/experiment.h"

bool aws_stream_is(jnode *root); /* whether it is such a file at all */
/* Appends to x->streams; `name` is copied. 0, or -1 + e: it is no such file. */
int aws_stream_read(struct experiment *x, const char *name, jnode *root, struct err *e);

#endif
