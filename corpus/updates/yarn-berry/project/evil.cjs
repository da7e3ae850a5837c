throw new Error('code of the project ran');
