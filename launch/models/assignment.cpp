#include "launch/models/assignment.h"

#include <limits>
#include <utility>

namespace switchyard::models {
namespace {

// Rows and columns count from 1; column 0 is where each search begins.
class Assignment {
 public:
  Assignment(std::span<const double> values, std::size_t n)
      : values_(values), n_(n), of_row_(n + 1), of_column_(n + 1), row_at_(n + 1), way_(n + 1) {}

  std::vector<std::size_t> best() {
    for (std::size_t row = 1; row <= n_; ++row) add_row(row);
    std::vector<std::size_t> column_of(n_);
    for (std::size_t column = 1; column <= n_; ++column)
      column_of[row_at_[column] - 1] = column - 1;
    return column_of;
  }

 private:
  double cost(std::size_t row, std::size_t column) const {
    return -values_[(row - 1) * n_ + column - 1] - of_row_[row] - of_column_[column];
  }

  // Finds the cheapest way to a free column, and moves the rows on it one column on.
  void add_row(std::size_t row) {
    row_at_[0] = row;
    std::vector<double> least(n_ + 1, std::numeric_limits<double>::infinity());
    std::vector<bool> done(n_ + 1, false);
    std::size_t column = 0;
    do column = next_column(column, least, done);
    while (row_at_[column] != 0);
    while (column != 0) {
      row_at_[column] = row_at_[way_[column]];
      column = way_[column];
    }
  }

  std::size_t next_column(std::size_t from, std::vector<double>& least, std::vector<bool>& done) {
    done[from] = true;
    const std::size_t row = row_at_[from];
    double step = std::numeric_limits<double>::infinity();
    std::size_t next = 0;
    for (std::size_t column = 1; column <= n_; ++column) {
      if (done[column]) continue;
      const double reduced = cost(row, column);
      if (reduced < least[column]) {
        least[column] = reduced;
        way_[column] = from;
      }
      if (least[column] < step) {
        step = least[column];
        next = column;
      }
    }
    for (std::size_t column = 0; column <= n_; ++column) {
      if (done[column]) {
        of_row_[row_at_[column]] += step;
        of_column_[column] -= step;
      } else {
        least[column] -= step;
      }
    }
    return next;
  }

  std::span<const double> values_;
  std::size_t n_;
  std::vector<double> of_row_, of_column_;  // potentials
  std::vector<std::size_t> row_at_, way_;   // of the columns; 0: no row
};

}  // namespace

std::vector<std::size_t> best_assignment(std::span<const double> values, std::size_t n) {
  return Assignment(values, n).best();
}

}  // namespace switchyard::models
