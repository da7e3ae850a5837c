class Letter {
    final String text = "to whom it may concern";
}
