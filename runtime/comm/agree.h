// Errors shared by all ranks: what fails on one rank fails on every rank, with one message.
#pragma once

#include <functional>

#include "runtime/comm/comm.h"

namespace switchyard {

// Collective. Runs `work` on every rank, then votes. If a rank threw an Error, every rank throws
// the error of the lowest such rank, marked agreed, so that no rank waits for a rank that gave up.
// `work` must not be collective itself, unless its errors are already agreed.
void agree(Comm& comm, const std::function<void()>& work);

// Collective. Runs `work` on rank 0 alone. If that throws, every rank throws.
void on_root(Comm& comm, const std::function<void()>& work);

}  // namespace switchyard
