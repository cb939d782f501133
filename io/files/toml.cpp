#define TOML_IMPLEMENTATION
#include "io/files/toml.h"
