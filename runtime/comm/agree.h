// One verdict for all ranks: what fails on one rank fails on every rank, with one message.
#pragma once

#include <functional>

#include "runtime/comm/comm.h"

namespace switchyard {

// Collective. Runs `work` on every rank, then votes. If any rank threw an Error, every rank throws
// the error of the lowest such rank, marked agreed, so that no rank waits for one that gave up.
// `work` itself must not be collective, unless a failure inside it is already agreed.
void agree(Comm& comm, const std::function<void()>& work);

// Collective. Runs `work` on rank 0 alone; its failure is everyone's.
void on_root(Comm& comm, const std::function<void()>& work);

}  // namespace switchyard
