Hello {{name}}
