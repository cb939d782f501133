// The replicas of a parameter hold the same bits, or a machine is broken.
#pragma once

#include <string>

#include "runtime/comm/mesh.h"
#include "runtime/params/params.h"

namespace switchyard {

// Collective. Compares a hash of the values of all replicas, frozen ones included. Empty if they
// agree; otherwise the same words on all ranks: which rank holds which tensor unlike most others,
// or, where there is no majority, which ranks differ. Moments have one owner each and cannot be
// compared.
std::string find_unequal_replicas(const Params& params, Mesh& mesh, Stream& stream);

}  // namespace switchyard
