/* profile.h - a load that changes with time: pieces one after another, each with a length and a level (a rate in
 * requests per second, or a number of users) that stays, rises, falls or swings:
 *
 *   PIECE,PIECE,...
 *   TIME@LEVEL                  it stays                       1m@50
 *   TIME@FROM..TO               linear                         30s@10..200
 *   TIME@exp:FROM..TO           exponential, both above 0      2m@exp:1..500
 *   TIME@sine:LOW..HIGH/PERIOD  a sine that begins halfway up, rising   10m@sine:20..80/1m
 *
 * After its end it begins anew. An arrival process is laid over a profile by an exact change of time: the point that a
 * process of one request per second has at s is sent when the integral of the rate reaches s. The inverse of that
 * integral is in closed form, but for the sine's, which is Kepler's equation and solved by Halley's method to 0.1 ns.
 * Read-only after profile_parse, so thread-safe. Times are ns from the profile's begin. */
#ifndef WEIR_LOAD_PROFILE_H
#define WEIR_LOAD_PROFILE_H

#include "base/err.h"
#include "base/str.h"

enum { PROFILE_PIECES = 64 };
enum profile_kind { PROFILE_STAY, PROFILE_LINEAR, PROFILE_EXP, PROFILE_SINE };

struct profile_piece {
    enum profile_kind kind;
    int64_t begin, length; /* ns */
    double from, to;       /* sine: lowest and highest */
    double change;         /* linear: per second; exp: its logarithm's */
    double period;         /* s, of a sine */
    double near;           /* of a sine: a step of its search, in radians, behind which 0.1 ns are left at most */
    double before;         /* integral of the level over all before this piece: requests */
};

struct profile {
    unsigned n;
    int64_t length; /* ns, of all pieces */
    double area;    /* the integral over all of them, > 0 */
    double most;    /* the highest level */
    struct profile_piece piece[PROFILE_PIECES];
};

/* Levels from 0 to `most`, not 0 all the time. The error names the piece and the forms. */
int profile_parse(struct profile *p, struct str text, double most, struct err *e);
double profile_at(const struct profile *p, int64_t t);   /* the level */
double profile_area(const struct profile *p, int64_t t); /* its integral from 0 to t: requests */
/* When the integral reaches `area` (>= 0); where the level is 0 then, when it rises again. INT64_MAX: beyond 2^62 ns.
 * *hint, 0 at first, is the piece that was found last: it saves looking for it and changes no result. About 10 ns, a
 * sine 150 ns. */
int64_t profile_when(const struct profile *p, double area, unsigned *hint);
/* The level as a whole number. */
uint32_t profile_users(const struct profile *p, int64_t t);
/* The first instant after t at which that number is another one; INT64_MAX: it stays. Some microseconds. */
int64_t profile_users_change(const struct profile *p, int64_t t);

#endif
