/* banned.h - calls that are easy to get wrong become compile errors.
 * System headers that declare them must be included before this file defines the macros;
 * that is why the includes stand here. */
#ifndef WEIR_BASE_BANNED_H
#define WEIR_BASE_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BANNED_CALL(f) sorry_##f##_is_banned_see_banned_h

#undef strcpy
#define strcpy(a, b) BANNED_CALL(strcpy)
#undef strcat
#define strcat(a, b) BANNED_CALL(strcat)
#undef strncpy
#define strncpy(a, b, n) BANNED_CALL(strncpy)
#undef strncat
#define strncat(a, b, n) BANNED_CALL(strncat)
#undef strtok
#define strtok(a, b) BANNED_CALL(strtok)
#undef sprintf
#define sprintf(...) BANNED_CALL(sprintf)
#undef vsprintf
#define vsprintf(...) BANNED_CALL(vsprintf)
#undef gets
#define gets(a) BANNED_CALL(gets)
#undef atoi
#define atoi(a) BANNED_CALL(atoi)
#undef atol
#define atol(a) BANNED_CALL(atol)
#undef atoll
#define atoll(a) BANNED_CALL(atoll)
#undef atof
#define atof(a) BANNED_CALL(atof)
#undef gmtime
#define gmtime(a) BANNED_CALL(gmtime)
#undef localtime
#define localtime(a) BANNED_CALL(localtime)
#undef ctime
#define ctime(a) BANNED_CALL(ctime)
#undef asctime
#define asctime(a) BANNED_CALL(asctime)
#undef rand
#define rand() BANNED_CALL(rand)
#undef srand
#define srand(a) BANNED_CALL(srand)
#undef system
#define system(a) BANNED_CALL(system)
#undef tmpnam
#define tmpnam(a) BANNED_CALL(tmpnam)
#undef mktemp
#define mktemp(a) BANNED_CALL(mktemp)
#undef alloca
#define alloca(n) BANNED_CALL(alloca)

#endif
